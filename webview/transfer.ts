/** Images that come by paste or drop, from the explorer or from outside. */
import { largestPaste } from "../src/shared/view-protocol";
import { send } from "./host";

const mostAddresses = 40;

/** Takes images pasted or dropped anywhere in the view. `dragging` is told while something hangs over it. */
export function takeTransfers(dragging: (over: boolean) => void): void {
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    void attach(files);
  });
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    if (event.dataTransfer !== null) event.dataTransfer.dropEffect = "copy";
    dragging(true);
  });
  document.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) dragging(false);
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    dragging(false);
    const data = event.dataTransfer;
    if (data === null) return;
    const addresses = addressesOf(data);
    if (addresses.length > 0) send({ kind: "attach-addresses", addresses });
    else void attach([...data.files]);
  });
}

/** What VS Code's explorer gives: the addresses of files, not the files. */
function addressesOf(data: DataTransfer): string[] {
  const own = data.getData("application/vnd.code.uri-list");
  return (own === "" ? data.getData("text/uri-list") : own)
    .split(/\r?\n/)
    .filter((address) => /^(?:file|vscode-remote|vscode-vfs|untitled):/.test(address))
    .slice(0, mostAddresses);
}

async function attach(files: readonly File[]): Promise<void> {
  for (const file of files) {
    const { name, size } = file;
    if (!file.type.startsWith("image/") || size > largestPaste) send({ kind: "refuse-file", name, bytes: size });
    else send({ kind: "attach-bytes", name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) });
  }
}

/** File names for drawn pictures: from the prompt, and such that every file system takes them. */

/** Names without their extension; ext4 counts bytes, NTFS UTF-16 units: both allow 255. */
const longestStem = 60;
const longestNameBytes = 255;

/** Windows takes these for devices, with any extension. Source: Microsoft, "Naming Files, Paths, and Namespaces". */
const deviceName = /^(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)/i;

/** Refused by Windows, or a path of its own there or elsewhere. */

const forbidden = /[\u0000-\u001f\u007f<>:"/\\|?*]/;

/**
 * The prompt's letters, digits and marks in lower case, its words joined by hyphens, without an extension.
 *
 * Never empty, never longer than 60 UTF-16 units, never a device's name; of emoji and signs nothing is left.
 */
export function stemOf(prompt: string): string {
  const words = prompt
    .slice(0, 10 * longestStem)
    .normalize("NFC")
    .toLowerCase()
    .match(/[\p{L}\p{N}\p{M}]+/gu);
  let stem = "";
  for (const word of words ?? []) {
    const longer = stem === "" ? word : `${stem}-${word}`;
    if (longer.length > longestStem) {
      // A script without spaces is one long word: it is cut between characters.
      if (stem === "") stem = cut(word);
      break;
    }
    stem = longer;
  }
  if (stem === "") return "illustration";
  return deviceName.test(stem) ? `picture-${stem}` : stem;
}

function cut(word: string): string {
  let result = "";
  for (const { segment } of new Intl.Segmenter().segment(word)) {
    if (result.length + segment.length > longestStem) break;
    result += segment;
  }
  return result;
}

/** `name.png`, or `name-2.png` and so on: the first that is free. */
export async function freeName(
  stem: string,
  extension: string,
  taken: (name: string) => Promise<boolean>,
): Promise<string> {
  for (let number = 1; ; number++) {
    const name = `${number === 1 ? stem : `${stem}-${number}`}.${extension}`;
    // Whoever has a thousand pictures of one prompt is asked before any is replaced.
    if (number >= 1000 || !(await taken(name))) return name;
  }
}

/** Whether a name that a person chose can be a file's on Windows, macOS and Linux alike. */
export function isPortableName(name: string): boolean {
  const bytes = new TextEncoder().encode(name).length;
  const ends = name.trim() === name && !name.endsWith(".") && !/^\.*$/.test(name);
  return ends && bytes <= longestNameBytes && !forbidden.test(name) && !deviceName.test(name);
}

/** One case on WebGPU, in a process of its own: the Vulkan driver is chosen by the environment that it starts with. */
import { compare, dump, readCase } from "./cases";

async function main(name: string): Promise<void> {
  const golden = readCase(name);
  const { tensors, loaded } = await dump(golden, 0, { device: "webgpu" });
  const { device, notices } = loaded;
  const difference = device === "webgpu" ? compare(golden, 0, tensors) : undefined;
  process.stdout.write(`${JSON.stringify({ device, notices, difference })}\n`);
}

main(process.argv[2] ?? "").catch((thrown: unknown) => {
  console.error(thrown);
  process.exitCode = 1;
});

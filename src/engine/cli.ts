/** The headless front end: the engine behind a command line, in one process. */
import { Command, InvalidArgumentError, Option } from "commander";
import { describeFailure } from "../shared/failure-text";
import { failureOf } from "../shared/failure";
import { schedulerNames } from "../shared/generate-protocol";
import type { Precision, TemplateName } from "../shared/protocol";
import { benchCommand } from "./cli/bench";
import { dumpCommand } from "./cli/dump";
import { explainCommand } from "./cli/explain";
import { generateCommand } from "./cli/generate";
import { prepareCommand } from "./cli/prepare";
import { serveCommand } from "./cli/serve";
import { startCommand } from "./cli/start";

const precisions: readonly Precision[] = ["f32", "int8", "int4"];
const devices = ["auto", "cpu", "webgpu", "cuda", "directml", "coreml"];
const templates: readonly TemplateName[] = ["vicuna_v1", "gemma", "llama_3", "mistral_instruct", "chatml_direct"];

const atLeast =
  (least: number, whole: boolean) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() === "" || !(value >= least) || (whole && !Number.isInteger(value))) {
      throw new InvalidArgumentError(`expected a ${whole ? "whole " : ""}number from ${least} up`);
    }
    return value;
  };

const size = (text: string): { width: number; height: number } => {
  const [, width, height] = /^(\d{1,5})[x×](\d{1,5})$/i.exec(text.trim()) ?? [];
  if (width === undefined || height === undefined)
    throw new InvalidArgumentError("expected WIDTHxHEIGHT, 512x512 for one");
  return { width: Number(width), height: Number(height) };
};

const modelOptions = (command: Command): Command =>
  command
    .option("--model <folder>", "published or prepared checkpoint (the embedded starter unless given)")
    .option("--encoders <folder>", "folder that holds the two encoder folders")
    .addOption(new Option("--device <name>", "where the networks run").choices(devices).default("cpu"))
    .option("--threads <count>", "threads for the networks (0: all)", atLeast(0, true), 0)
    .option("--prepared <folder>", "where prepared models are kept");

const precisionOption = (): Option => new Option("--precision <name>", "of the language model").choices(precisions);
const templateOption = (): Option => new Option("--template <name>", "prompt template").choices(templates);

const program = new Command("mini-gemini").description(
  "Explains images with the Mini-Gemini pipeline, on this machine.",
);

modelOptions(program.command("explain"))
  .description("explain one or more images")
  .argument("<images...>", "image files")
  .option("--ask <text>", "the question")
  .addOption(precisionOption())
  .option("--max-tokens <count>", "longest answer", atLeast(1, true), 512)
  .option("--temperature <value>", "0 is greedy", atLeast(0, false), 0.2)
  .option("--seed <number>", "of the sampling", atLeast(0, true), 0)
  .addOption(templateOption())
  .option("--no-ocr", "do not read the text in the images")
  .option("--gen", "ask for an image prompt too", false)
  .option("--json", "print one JSON object as the last line", false)
  .option("--server <address>", "have an OpenAI-compatible server answer instead of a model here")
  .option("--server-model <name>", "of the server (the first that it names unless given)")
  .option("--server-token-file <file>", "file with the server's token")
  .option("--no-server-images", "send the server only the text read in the images")
  .action(explainCommand);

modelOptions(program.command("dump"))
  .description("write every intermediate value of one answer, in float32")
  .argument("[images...]", "image files")
  .requiredOption("--ask <text>", "the question")
  .requiredOption("--out <file>", "safetensors file to write")
  .option("--pixels <file>", "start from these 8-bit high-resolution pixels (once for each image)", collect, [])
  .addOption(templateOption())
  .option("--max-tokens <count>", "longest answer", atLeast(1, true), 24)
  .action(dumpCommand);

modelOptions(program.command("prepare"))
  .description("write the prepared form of a checkpoint")
  .argument("<folder>", "published checkpoint")
  .addOption(precisionOption())
  .action(prepareCommand);

modelOptions(program.command("bench"))
  .description("time a checkpoint: load, encoders, prefill, decode")
  .argument("<folder>", "published or prepared checkpoint")
  .addOption(precisionOption())
  .action(benchCommand);

modelOptions(program.command("serve"))
  .description("answer other programs of this machine over HTTP, as OpenAI's API does")
  .option("--port <number>", "port (0: any that is free)", atLeast(0, true), 8484)
  .option("--host <address>", "address to listen at", "127.0.0.1")
  .option("--expose", "allow an address that other machines can reach", false)
  .option("--token-file <file>", "file with the token; made where missing (a fresh token is printed unless given)")
  .option("--allow-host <name>", "a host name under which clients know this server", collect, [])
  .option("--cors-origin <origin>", "a web origin whose pages may ask", collect, [])
  .option("--queue <count>", "requests that may wait", atLeast(0, true), 8)
  .option("--max-body-mib <size>", "largest request", atLeast(1, true), 32)
  .option(
    "--idle-unload-minutes <minutes>",
    "give the model's memory back after this long (0: never)",
    atLeast(0, false),
    0,
  )
  .option("--illustrator <folder>", "diffusion model for images/generations (the embedded one unless given)")
  .addOption(precisionOption())
  .option("--max-tokens <count>", "longest answer unless a request says", atLeast(1, true), 1024)
  .option("--temperature <value>", "unless a request says; 0 is greedy", atLeast(0, false), 0.2)
  .addOption(templateOption())
  .option("--no-ocr", "do not read the text in the images unless a request says")
  .action(serveCommand);

program
  .command("generate")
  .description("draw a picture")
  .argument("<prompt>", "what it shows")
  .requiredOption("--out <file>", "picture to write: .png, .webp, .avif, .jpg")
  .option("--model <folder>", "diffusion model in diffusers' layout (the embedded illustrator unless given)")
  .option("--steps <count>", "steps of the scheduler", atLeast(1, true))
  .option("--guidance <value>", "how closely the prompt is followed; 0: no guidance", atLeast(0, false))
  .option("--seed <number>", "of the noise: the same seed draws the same picture", atLeast(0, true))
  .option("--size <WxH>", "in pixels", size)
  .addOption(new Option("--scheduler <name>", "in place of the model's own").choices(schedulerNames))
  .option("--negative <text>", "what the picture must not show")
  .option("--from <image>", "start from this picture")
  .option("--strength <value>", "how much of it is drawn anew, above 0 to 1", atLeast(0, false), 0.8)
  .addOption(new Option("--device <name>", "where the networks run").choices(devices).default("cpu"))
  .option("--threads <count>", "threads for the networks (0: all)", atLeast(0, true), 0)
  .option("--json", "print one JSON object as the last line", false)
  .action(generateCommand);

program
  .command("start", { hidden: true })
  .description("explain a bundled screenshot, or the one given")
  .argument("[image]")
  .argument("[question]")
  .action(startCommand);

function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value];
}

// Who reads the answer may stop reading (`explain … | head`): then there is nothing left to do.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});

program.parseAsync().catch((thrown: unknown) => {
  const failure = failureOf(thrown);
  process.stderr.write(`${describeFailure(failure)}\n`);
  if (failure.code === "bug" && failure.stack !== undefined) process.stderr.write(`${failure.stack}\n`);
  process.exitCode = failure.code === "cancelled" ? 130 : 1;
});

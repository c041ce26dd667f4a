/**
 * Failures in words: what happened, and the next step. English, with places for the facts.
 *
 * `{name}` stands for a fact of the failure. The extension hands the very same sentences to VS Code's translation.
 */
import type { Failure, FailureCode } from "./failure";

export interface FailureText {
  /** What happened. */
  readonly message: string;
  /** What the person can do about it; "" where there is nothing to do. */
  readonly advice: string;
}

const weights = "Download the checkpoint again, or choose another model.";
const image = "Choose another image, or save this one again as PNG.";

/** Every sentence there is, for translators and their tests too. */
export const failureTexts: Readonly<Record<FailureCode, FailureText>> = {
  cancelled: { message: "Stopped.", advice: "" },
  bug: {
    message: "Something went wrong inside Mini-Gemini: {message}",
    advice: "The log has the details; please report it.",
  },

  "engine-exited": {
    message: "The engine stopped unexpectedly (exit code {exitCode}, signal {signal}).",
    advice: "Ask again: a fresh engine starts by itself. If it happens again, choose a smaller model or precision.",
  },
  "engine-unresponsive": {
    message: "The engine has not answered for {seconds} seconds and was stopped.",
    advice: "Ask again: a fresh engine starts by itself.",
  },
  "engine-crash-loop": {
    message: "The engine stopped {crashes} times in a row while starting ({last}).",
    advice: "It will not be tried again by itself. See the log, choose another model or the CPU, then try again.",
  },
  "engine-native": {
    message: "The native library {library} could not be loaded: {message}",
    advice:
      "On Windows, install the Microsoft Visual C++ Redistributable (x64). Intel Macs are not supported by onnxruntime-node. Otherwise install the extension again for this platform.",
  },
  "engine-busy": { message: "The engine is busy with {method}.", advice: "Wait for it to end, or stop it." },
  "out-of-memory": {
    message: "This model needs about {neededBytes} of memory, and {availableBytes} are free.",
    advice: "Close other programs, or choose a smaller model or precision.",
  },
  "device-unavailable": {
    message: "The device {device} cannot be used: {reason}",
    advice: "The CPU is used instead. Choose another device in the settings.",
  },
  "runtime-failed": {
    message: "The network {network} could not be run: {message}",
    advice: "Choose the CPU as device, or prepare the model again.",
  },

  "image-empty": { message: "{image} is empty (0 bytes).", advice: image },
  "image-unsupported": {
    message: "{image} is not an image that can be read (found: {found}).",
    advice: "PNG, JPEG, WebP, GIF, AVIF, TIFF, SVG and BMP can be read.",
  },
  "image-damaged": { message: "{image} is damaged: {reason}", advice: image },
  "image-too-large": {
    message: "{image} has {pixels} pixels; at most {limit} can be read.",
    advice: "Crop it or save a smaller copy.",
  },
  "image-crop-outside": {
    message: "The chosen part lies outside {image}, which has {width} × {height} pixels.",
    advice: "Choose the part again.",
  },

  "weight-missing": { message: "The tensor {tensor} is missing in {file}.", advice: weights },
  "weight-shape": {
    message: "The tensor {tensor} in {file} has the shape [{found}] where [{expected}] belongs.",
    advice: "The checkpoint and its config.json do not fit together. " + weights,
  },
  "weight-dtype": {
    message: "The tensor {tensor} in {file} is of the type {found}, which cannot be used.",
    advice: weights,
  },
  "weight-duplicate": { message: "The tensor {tensor} stands in {file} and again in {other}.", advice: weights },
  "weight-range": {
    message:
      "The tensor {tensor} claims the bytes {begin} to {end} of {file}, which do not hold it (file: {fileBytes}).",
    advice: "The file is truncated or damaged. " + weights,
  },
  "weight-overlap": { message: "The tensors {tensor} and {other} overlap in {file}.", advice: weights },
  "weight-unused": {
    message: "{file} holds {count} tensors that this kind of model does not have, {tensor} for one.",
    advice: "It may be a newer or different kind of model. Choose a published checkpoint that is supported.",
  },
  "weight-not-finite": { message: "The tensor {tensor} in {file} holds values that are no numbers.", advice: weights },
  "weights-header": { message: "{file} cannot be read as weights: {reason}.", advice: weights },
  "pickle-refused": {
    message: "{file} holds more than tensors ({found}) and was refused; nothing in it was run.",
    advice: "Use a safetensors version of this checkpoint from a source that you trust.",
  },
  "index-outside-folder": {
    message: "{file} points outside its own folder: {entry}",
    advice: "Do not use this checkpoint; get it from a source that you trust.",
  },

  "model-folder-missing": { message: "There is no folder {folder}.", advice: "Choose the model's folder again." },
  "model-not-loaded": { message: "No model is loaded.", advice: "Choose a model, then ask again." },
  "config-missing": {
    message: "{file} lacks the field {field}.",
    advice: "Choose a published checkpoint that is supported.",
  },
  "config-invalid": {
    message: "{field} in {file} is {found}; it must be {expected}.",
    advice: "Choose a published checkpoint that is supported.",
  },
  "model-family-unknown": {
    message: "{file} describes a model that is not supported ({found}).",
    advice: "Supported are MGM (Mini-Gemini) checkpoints with Gemma, LLaMA, Vicuna, Yi or Mixtral.",
  },
  "pipeline-unknown": {
    message: "{file} does not describe a diffusion model that is supported ({found}).",
    advice: "Supported are Stable Diffusion 1 and 2, SD-Turbo, LCM and SDXL as folders in the layout of diffusers.",
  },
  "illustrator-missing": {
    message: "The embedded illustrator is not part of this installation ({folder}).",
    advice: "Choose a published diffusion model: the Models view gets one.",
  },
  "tokenizer-missing": {
    message: "{folder} has no tokenizer files (tokenizer.json, tokenizer.model, or vocab.json with merges.txt).",
    advice: "Download the checkpoint's tokenizer files too.",
  },
  "tokenizer-invalid": {
    message: "{file} cannot be read as a tokenizer: {reason}",
    advice: "Download the file again.",
  },
  "tokenizer-mismatch": {
    message: "The tokenizer in {file} has {vocabulary} tokens, the model only {embeddings} embeddings.",
    advice: "Use the tokenizer files that were published with this checkpoint.",
  },
  "encoder-missing": {
    message: "The image encoder {encoder} was not found. Searched: {searched}",
    advice: "Download it and put its folder beside the model, or name its parent folder as the encoders folder.",
  },
  "prepared-invalid": {
    message: "The prepared model in {folder} is not usable: {reason}.",
    advice: "Delete that folder; it is made anew from the checkpoint.",
  },

  "hub-unreachable": {
    message: "{host} cannot be reached: {reason}",
    advice: "Check the network and the proxy settings, then resume: what has arrived is kept.",
  },
  "hub-unauthorized": {
    message: "{host} does not give {repository} to everyone (status {status}).",
    advice: "Accept its licence on the website where it asks for that, set an access token, then resume.",
  },
  "hub-missing": {
    message: "{host} has no {file}.",
    advice: "Check the address of the mirror in the settings, or install the model from a folder or an archive.",
  },
  "hub-busy": {
    message: "{host} is overloaded or limits downloads (status {status}).",
    advice: "Resume in a few minutes: what has arrived is kept.",
  },
  "hub-refused": {
    message: "{host} refused {file} (status {status}).",
    advice: "Resume; if it happens again, choose another mirror in the settings.",
  },
  "hub-answer": {
    message: "{host} answered with {found} instead of the model's files.",
    advice: "A network that asks for signing in does that: sign in with a browser, then resume.",
  },
  "hub-redirects": {
    message: "{host} redirects in a circle.",
    advice: "Check the address of the mirror and the proxy in the settings, then resume.",
  },
  "endpoint-invalid": {
    message: "{found} is not an address that models can be downloaded from.",
    advice: "Set the address of a mirror that begins with https:// (or http:// inside your own network).",
  },
  "download-stalled": {
    message: "{file} has hardly moved for {seconds} seconds.",
    advice: "Check the network, then resume: what has arrived is kept.",
  },
  "download-mismatch": {
    message: "{file} is not what was published (SHA-256 or git hash {found} instead of {expected}) and was removed.",
    advice: "Resume to fetch that file again. If it happens again, do not trust this server or proxy.",
  },
  "model-unknown": { message: "There is no model {model} in the catalogue.", advice: "Choose one of the list." },
  "model-in-use": {
    message: "{model} is in use (process {processes}).",
    advice: "Choose another model, or wait until the engine gives it back; close other windows that use it.",
  },
  "model-busy": {
    message: "Another window (process {process}) is working on {model}.",
    advice: "Wait for it to end there, or pause it there.",
  },
  "model-incomplete": { message: "{model} is not complete: {missing} is missing.", advice: "Get it again." },
  "model-damaged": {
    message: "Files of {model} are not what was published: {files}",
    advice: "Get it again: only what is damaged is fetched anew.",
  },
  "archive-invalid": {
    message: "{file} cannot be unpacked: {reason}",
    advice: "Use a .tar, .tar.gz, .tgz or .zip file of model folders.",
  },
  "archive-without-model": {
    message: "{file} holds no model that can be used.",
    advice: "It must hold a folder with config.json and weights, or a prepared model with manifest.json.",
  },

  "prompt-empty": { message: "There is nothing to answer.", advice: "Write a question or attach an image." },
  "prompt-too-long": {
    message: "The question with its images needs {tokens} tokens; this model takes {limit}.",
    advice: "Shorten it, attach fewer images, or start a new chat.",
  },
  "template-unknown": { message: "There is no template {name}.", advice: "Known templates: {known}." },
  "option-invalid": { message: "{option} is {found}; it must be {expected}.", advice: "" },

  "server-address-invalid": {
    message: "{found} cannot be the address of a server: {reason}.",
    advice: "Write it as http://host:8000/v1 in the setting miniGemini.engine.server.url, or leave it empty.",
  },
  "server-unreachable": {
    message: "The server {server} cannot be reached ({reason}).",
    advice: "Check that it runs and that this machine can reach it, or empty the setting miniGemini.engine.server.url.",
  },
  "server-silent": {
    message: "The server {server} has not answered for {seconds} seconds.",
    advice: "Ask again later, or raise miniGemini.engine.server.timeoutSeconds.",
  },
  "server-unauthorised": {
    message: "The server {server} wants a token that it accepts (HTTP {status}).",
    advice: "Set its token with the command “Set Server Token…”.",
  },
  "server-model-missing": {
    message: "The server {server} has no model “{model}”.",
    advice: "Name one of its models in the setting miniGemini.engine.server.model.",
  },
  "server-images-refused": {
    message: "The model of the server {server} takes no images: {reason}",
    advice:
      "Choose a model that sees, or switch miniGemini.engine.server.sendImages off: then only the text read in images is sent.",
  },
  "server-too-large": {
    message: "The question with its images ({bytes}) is too large for the server {server}.",
    advice: "Attach fewer or smaller images, or raise the server's limit.",
  },
  "server-busy": {
    message: "The server {server} has too many requests (it asks to wait for seconds: {seconds}).",
    advice: "Ask again later.",
  },
  "server-refused": {
    message: "The server {server} refused the question (HTTP {status}): {reason}",
    advice: "Shorten it, attach fewer images, or start a new chat.",
  },
  "server-failed": {
    message: "The server {server} failed (HTTP {status}): {reason}",
    advice: "Ask again. If it happens again, the server's own log has more.",
  },
  "server-not-api": {
    message: "The server {server} does not answer as an OpenAI-compatible API does (found: {found}).",
    advice: "Check the address and its port; a sign-in page or a proxy may stand between.",
  },
  "server-cut": {
    message: "The answer of the server {server} was cut off ({reason}).",
    advice: "What had come is kept. Ask again.",
  },

  "file-missing": { message: "There is no file {file}.", advice: "It may have been moved or deleted." },
  "file-unreadable": {
    message: "{file} cannot be read: {reason}",
    advice: "Check that it is a file and that you may read it.",
  },
  "file-too-large": { message: "{file} has {bytes}; at most {limit} are read.", advice: "" },
  "write-failed": {
    message: "{file} cannot be written: {reason}",
    advice: "Check the folder's permissions and free space.",
  },
  "file-exists": { message: "{file} is there already and was left as it is.", advice: "Choose another name." },
  "file-name-invalid": {
    message: "“{file}” is not a name that a file can have on every system.",
    advice: "Choose a shorter name without special characters.",
  },
  "folder-missing": { message: "There is no folder {folder}; nothing was written.", advice: "Choose another folder." },
  "write-refused": {
    message: "{file} may not be written: the file or its folder is read-only.",
    advice: "Choose another folder, or change its permissions.",
  },
  "write-no-space": {
    message: "There is no space left for {file} ({neededBytes}); nothing was written.",
    advice: "Free some space, or choose another folder.",
  },
  "outside-workspace": {
    message: "{file} lies outside the open folders; nothing was written.",
    advice: "Choose a place in one of the open folders.",
  },
  "disk-full": {
    message: "{folder} needs {neededBytes} of free space and has {availableBytes}.",
    advice: "Free some space, or choose another folder for models in the settings.",
  },
};

/** The sentence for a failure and its advice, before the facts are filled in. */
export const failureText = (failure: Failure): FailureText => failureTexts[failure.code];

/** The facts of a failure as people read them: sizes in binary units, lists joined. */
export function failureFacts(failure: Failure): Readonly<Record<string, string>> {
  // Pixels and tokens have limits too; only those of files are sizes.
  const inBytes = failure.code === "file-too-large";
  const facts = Object.entries(failure).map(([name, value]: [string, unknown]) => [
    name,
    readable(value, name === "bytes" || name.endsWith("Bytes") || (inBytes && name === "limit")),
  ]);
  return Object.fromEntries(facts) as Record<string, string>;
}

/** A failure in English, in one paragraph. */
export function describeFailure(failure: Failure): string {
  const { message, advice } = failureText(failure);
  const facts = failureFacts(failure);
  const filled = (text: string): string => text.replace(/\{(\w+)\}/g, (place, name: string) => facts[name] ?? place);
  return advice === "" ? filled(message) : `${ended(filled(message))} ${filled(advice)}`;
}

/** A sentence with its full stop, where it ends with what some library said. */
export function ended(sentence: string): string {
  if (/[.!?…。！？]["'”’)）」]?$/.test(sentence)) return sentence;
  return sentence + (/[\u3040-\u30ff\u4e00-\u9fff]/.test(sentence) ? "。" : ".");
}

function readable(value: unknown, isBytes: boolean): string {
  if (Array.isArray(value)) return value.join(", ");
  if (typeof value === "number" && isBytes) return value < 4096 ? `${value} bytes` : binarySize(value);
  if (typeof value === "number" && value >= 1e6) return value.toLocaleString("en");
  if (value === null || value === undefined) return "none";
  return typeof value === "string" ? value : JSON.stringify(value);
}

function binarySize(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  const power = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), units.length - 1);
  return `${(bytes / 2 ** (10 * power)).toFixed(power === 0 ? 0 : 1)} ${units[power] ?? ""}`;
}

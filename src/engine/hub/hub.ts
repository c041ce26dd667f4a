/**
 * The protocol of the Hugging Face hub, as the hub itself and its mirrors speak it: the commit of a revision, the
 * files of a commit, and each file by ranges. Listing is `@huggingface/hub`'s; files are streamed here, because they
 * must go on where they stopped.
 * Source: huggingface.co/docs/hub/api; huggingface_hub, file_download.py (`/resolve/`, etags, redirects to the CDN).
 */
import { HubApiError, listFiles, modelInfo } from "@huggingface/hub";
import type { Response } from "undici";
import { FailureError, type Failure } from "../../shared/failure";
import { Network, networkFailure, type RequestOptions } from "./network";
import { RetryLater, withRetries, type RetryOptions } from "./retry";

/** A file as the hub lists it. */
export interface HubFile {
  /** In the repository, with `/`. */
  readonly path: string;
  readonly bytes: number;
  /** SHA-256 of a large file (its LFS oid), or the SHA-1 of the git blob of a small one. */
  readonly digest: Digest;
}

export interface Digest {
  readonly kind: "sha256" | "git-blob";
  /** Lower-case hex. */
  readonly value: string;
}

export interface Revision {
  /** `owner/name` */
  readonly repository: string;
  readonly commit: string;
}

/** Files of a repository, at most; the largest here has some fifty. */
const listingLimit = 10_000;

/** A list of files has some kilobytes: longer than this is no answer. */
const questionSeconds = 60;

const commitPattern = /^[0-9a-f]{40}$/;

export class Hub {
  readonly network: Network;
  readonly #retry: RetryOptions;

  constructor(network: Network, retry: RetryOptions) {
    this.network = network;
    this.#retry = { pace: network.settings.pace, ...retry };
  }

  get retry(): RetryOptions {
    return this.#retry;
  }

  /**
   * The commit that a branch stands for now.
   *
   * @throws FailureError `hub-unreachable`, `hub-unauthorized`, `hub-missing`, `hub-busy`, `hub-answer`, …
   */
  async resolve(repository: string, revision: string): Promise<string> {
    if (commitPattern.test(revision)) return revision;
    const { sha } = await this.#ask(repository, () =>
      modelInfo({ name: repository, revision, additionalFields: ["sha"], ...this.#credentials() }),
    );
    if (typeof sha === "string" && commitPattern.test(sha)) return sha;
    throw this.#failure({ code: "hub-answer", host: this.network.host, found: "no commit" });
  }

  /** @throws FailureError as `resolve`. */
  async files({ repository, commit }: Revision): Promise<readonly HubFile[]> {
    return this.#ask(repository, async () => {
      const found: HubFile[] = [];
      const listing = listFiles({ repo: repository, revision: commit, recursive: true, ...this.#credentials() });
      for await (const { type, path, size, oid, lfs } of listing) {
        if (type !== "file") continue;
        if (found.length === listingLimit) throw this.#notAListing("too many files");
        const digest: Digest =
          lfs === undefined ? { kind: "git-blob", value: oid ?? "" } : { kind: "sha256", value: lfs.oid };
        const bytes = lfs?.size ?? size;
        const pattern = digest.kind === "sha256" ? /^[0-9a-f]{64}$/ : commitPattern;
        if (typeof path !== "string" || !Number.isSafeInteger(bytes) || bytes < 0 || !pattern.test(digest.value)) {
          throw this.#notAListing("a list of files that makes no sense");
        }
        found.push({ path, bytes, digest });
      }
      return found;
    });
  }

  /**
   * Part of a file, from a position to its end, or to `end` (exclusive).
   *
   * @returns the answer: 206 with the asked range, or 200 with the whole file where the server knows no ranges.
   * @throws FailureError as `resolve`, once: trying again is the caller's.
   */
  async open(
    { repository, commit }: Revision,
    file: HubFile,
    { from, end, signal }: { readonly from: number; readonly end?: number; readonly signal?: AbortSignal | undefined },
  ): Promise<Response> {
    const address = [
      this.network.endpoint,
      repository,
      "resolve",
      commit,
      ...file.path.split("/").map(encodeURIComponent),
    ];
    const whole = from === 0 && end === undefined;
    const headers = {
      "accept-encoding": "identity",
      ...(whole ? {} : { range: `bytes=${from}-${end === undefined ? "" : end - 1}` }),
      ...this.#authorization(),
    };
    const response = await this.network.get(address.join("/"), { headers, signal } satisfies RequestOptions);
    try {
      this.#check(response, repository, file, from);
      return response;
    } catch (thrown) {
      await response.body?.cancel();
      throw thrown;
    }
  }

  #check(response: Response, repository: string, file: HubFile, from: number): void {
    const { status, headers } = response;
    const host = new URL(response.url).host;
    const refusal = statusFailure(status, { host, repository, file: `${repository}/${file.path}` });
    if (refusal !== undefined) throw later(refusal, headers.get("retry-after"));
    if (/^text\/html\b/.test(headers.get("content-type") ?? "")) {
      throw this.#failure({ code: "hub-answer", host, found: "a web page" });
    }
    const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get("content-range") ?? "");
    const wrong =
      status === 206 && (Number(range?.[1]) !== from || (range?.[2] !== "*" && Number(range?.[2]) !== file.bytes));
    const length = Number(headers.get("content-length") ?? file.bytes);
    if (wrong || (status === 200 && length !== file.bytes)) {
      throw this.#failure({ code: "hub-answer", host, found: "a file of another size" });
    }
  }

  /** One question that is answered in JSON, tried again where that helps. */
  async #ask<T>(repository: string, question: () => Promise<T>): Promise<T> {
    return withRetries(async () => {
      try {
        return await question();
      } catch (thrown) {
        throw this.#questionFailure(repository, thrown);
      }
    }, this.#retry);
  }

  #questionFailure(repository: string, thrown: unknown): unknown {
    const { host } = this.network;
    if (thrown instanceof HubApiError) {
      const failure = statusFailure(thrown.statusCode, { host, repository, file: repository });
      return failure === undefined ? thrown : new FailureError(failure, { cause: thrown });
    }
    if (thrown instanceof SyntaxError) return this.#notAListing("a web page");
    return networkFailure(host, thrown);
  }

  #notAListing(found: string): FailureError {
    return this.#failure({ code: "hub-answer", host: this.network.host, found });
  }

  #failure(failure: Failure): FailureError {
    return new FailureError(failure);
  }

  #authorization(): Readonly<Record<string, string>> {
    const { token } = this.network.settings;
    return token === undefined ? {} : { authorization: `Bearer ${token}` };
  }

  #credentials(): { hubUrl: string; fetch: typeof globalThis.fetch; accessToken?: string } {
    const { token } = this.network.settings;
    const ask = async (address: unknown, init?: RequestInit): Promise<Response> => {
      const headers = new Headers(init?.headers);
      const limit = AbortSignal.timeout(1000 * questionSeconds);
      const signal = this.#retry.signal === undefined ? limit : AbortSignal.any([this.#retry.signal, limit]);
      return this.network.get(String(address), { headers: Object.fromEntries(headers), signal });
    };
    return {
      hubUrl: this.network.endpoint,
      fetch: ask,
      ...(token === undefined ? {} : { accessToken: token }),
    };
  }
}

function statusFailure(
  status: number,
  { host, repository, file }: { readonly host: string; readonly repository: string; readonly file: string },
): Failure | undefined {
  if (status === 200 || status === 206) return undefined;
  if (status === 401 || status === 403) return { code: "hub-unauthorized", host, repository, status };
  if (status === 404 || status === 410) return { code: "hub-missing", host, file };
  if (status === 408 || status === 429 || status >= 500) return { code: "hub-busy", host, status };
  return { code: "hub-refused", host, status, file };
}

/** A failure of a server that may have named the seconds to wait. */
function later(failure: Failure, retryAfter: string | null): FailureError {
  const seconds = Number(retryAfter);
  if (failure.code !== "hub-busy" || retryAfter === null || !(seconds >= 0)) return new FailureError(failure);
  return new RetryLater(failure, 1000 * seconds);
}

/** Refusals and failures as an HTTP client sees them: a status, and OpenAI's error object with our code. */
import { type Failure, type FailureCode, failureOf } from "../../shared/failure";
import { describeFailure } from "../../shared/failure-text";

export interface HttpErrorOptions {
  readonly status: number;
  readonly code: string;
  /** The field of the request that is at fault. */
  readonly param?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export class HttpError extends Error {
  readonly status: number;
  readonly code: string;
  readonly param: string | null;
  readonly headers: Readonly<Record<string, string>>;

  constructor(message: string, { status, code, param, headers = {} }: HttpErrorOptions) {
    super(message);
    this.name = "HttpError";
    this.status = status;
    this.code = code;
    this.param = param ?? null;
    this.headers = headers;
  }
}

/** OpenAI's error object. */
export interface ErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: string;
  };
}

export function errorBody({ message, status, param, code }: HttpError): ErrorBody {
  return { error: { message, type: typeOf(status), param, code } };
}

/** What a client is told of anything thrown. Stacks stay here. */
export function httpErrorOf(thrown: unknown): HttpError {
  if (thrown instanceof HttpError) return thrown;
  const failure = failureOf(thrown);
  const message = failure.code === "bug" ? "Something went wrong inside the server." : describeFailure(failure);
  const param = failure.code === "option-invalid" ? failure.option : undefined;
  return new HttpError(message, { status: statusOf(failure), code: failure.code, param });
}

/** Failures that the request itself caused; all others are the server's. */
const statuses: Partial<Readonly<Record<FailureCode, number>>> = {
  "image-empty": 400,
  "image-unsupported": 400,
  "image-damaged": 400,
  "image-too-large": 413,
  "file-too-large": 413,
  "prompt-empty": 400,
  "prompt-too-long": 400,
  "option-invalid": 400,
  "illustrator-missing": 501,
  // The client is gone, or the server ends.
  cancelled: 503,
  "out-of-memory": 503,
  "engine-busy": 503,
};

const statusOf = ({ code }: Failure): number => statuses[code] ?? 500;

function typeOf(status: number): string {
  if (status === 401) return "authentication_error";
  if (status === 403) return "permission_error";
  if (status === 429) return "rate_limit_error";
  return status < 500 ? "invalid_request_error" : "server_error";
}

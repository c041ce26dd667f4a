/** Where an OpenAI-compatible server has its API. */
import { FailureError } from "../../shared/failure";

/**
 * The address that paths such as `chat/completions` are appended to. People write `http://host:8000`,
 * `http://host:8000/v1` or the address of one of its paths: all mean the same.
 *
 * @throws FailureError `server-address-invalid`
 */
export function apiAddress(text: string): URL {
  const refuse = (reason: string): FailureError =>
    new FailureError({ code: "server-address-invalid", found: text, reason });
  if (!URL.canParse(text)) throw refuse("it is no address");
  const url = new URL(text);
  if (url.protocol !== "http:" && url.protocol !== "https:") throw refuse("it must begin with http:// or https://");
  if (url.username !== "" || url.password !== "") throw refuse("it must not hold a user name or a password");
  const path = url.pathname.replace(/\/+$/, "").replace(/\/(?:chat\/completions|completions|models)$/, "");
  url.pathname = path === "" ? "/v1/" : `${path}/`;
  url.search = "";
  url.hash = "";
  return url;
}

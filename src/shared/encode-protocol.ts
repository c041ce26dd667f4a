/** What is asked of the engine to write a picture in another format, and what comes back: `HostToEngine.encodePicture`. */

export type PictureFormat = "png" | "webp" | "avif" | "jpeg" | "ico";

export const pictureFormats: readonly PictureFormat[] = ["png", "webp", "avif", "jpeg", "ico"];

export interface EncodePictureParams {
  /** A PNG as `generate` gave it. Its text `parameters` (prompt, seed, settings) goes into the XMP of other formats. */
  readonly png: Uint8Array;
  readonly format: PictureFormat;
  /** Sides of the square pictures of an icon, 1 to 256 pixels; needed for `ico` only. */
  readonly sizes?: readonly number[] | undefined;
}

export interface EncodePictureResult {
  readonly bytes: Uint8Array;
  /** Of the picture, or of the largest in an icon. */
  readonly width: number;
  readonly height: number;
}

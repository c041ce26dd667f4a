/** Style presets: what they add to a prompt. English, since text encoders of diffusion models know little else. */
import type { StyleName } from "../../shared/illustration-protocol";

const words: Readonly<Record<StyleName, string>> = {
  none: "",
  flat: "flat illustration, simple shapes, solid colors",
  line: "line art, thin black outlines on white",
  isometric: "isometric illustration, soft shading",
  icon: "icon, centered, simple, plain background",
  banner: "wide banner illustration, plenty of empty space",
};

export function styledPrompt(prompt: string, style: StyleName): string {
  const text = prompt.replace(/\s+/g, " ").trim();
  return words[style] === "" ? text : `${text}, ${words[style]}`;
}

/** Labelled fields of the form: native elements, since they speak to every keyboard and screen reader. */
import { element } from "../elements";

export function labelled(label: string, field: HTMLElement): HTMLElement {
  field.id = `field-${++fields}`;
  // Beside its field, not around it: options would be part of the name that is read aloud.
  return element("div", { class: "field" }, element("label", { for: field.id }, label), field);
}

let fields = 0;

export function choice(options: readonly (readonly [value: string, label: string])[]): HTMLSelectElement {
  return element("select", {}, ...options.map(([value, label]) => element("option", { value }, label)));
}

export interface NumberLimits {
  readonly least: number;
  readonly most: number;
  readonly step: number;
  /** Shown where the field is empty. */
  readonly placeholder: string;
}

export const numberField = ({ least, most, step, placeholder }: NumberLimits): HTMLInputElement =>
  element("input", { type: "number", min: String(least), max: String(most), step: String(step), placeholder });

/** Null where the field is empty. */
export const numberIn = (field: HTMLInputElement): number | null =>
  Number.isNaN(field.valueAsNumber) ? null : field.valueAsNumber;

/** Making and updating parts of the page. */

/** An element with attributes and children. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** Makes these the children, in this order. What stays is not moved: it keeps its focus and scroll position. */
export function showChildren(parent: Element, wanted: readonly Node[]): void {
  const kept = new Set(wanted);
  for (const child of [...parent.childNodes]) if (!kept.has(child)) child.remove();
  wanted.forEach((node, index) => {
    const there = parent.childNodes[index] ?? null;
    if (there !== node) parent.insertBefore(node, there);
  });
}

/** Something that is shown, and shown anew when it has changed. */
export interface View<Item> {
  readonly root: HTMLElement;
  update(item: Item): void;
}

/** Views of a changing list, one for each id, so that what has not changed is left alone. */
export class ListView<Item extends { readonly id: string }, Shown extends View<Item> = View<Item>> {
  readonly #parent: Element;
  readonly #make: (item: Item) => Shown;
  #views = new Map<string, Shown>();

  constructor(parent: Element, make: (item: Item) => Shown) {
    this.#parent = parent;
    this.#make = make;
  }

  get(id: string): Shown | undefined {
    return this.#views.get(id);
  }

  show(items: readonly Item[]): void {
    const views = new Map<string, Shown>();
    for (const item of items) {
      const view = this.#views.get(item.id) ?? this.#make(item);
      view.update(item);
      views.set(item.id, view);
    }
    this.#views = views;
    showChildren(
      this.#parent,
      [...views.values()].map(({ root }) => root),
    );
  }
}

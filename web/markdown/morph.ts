// Makes an element's children equal to another's by the smallest steps, so that a selection, a hover and the
// browser's own layout survive while the last block of an answer grows. The other is used up.

/** Whether an element that is there already is what the other one will be drawn as: it is left alone. */
export type Stays = (old: Element, next: Element) => boolean;

function morphAttributes(target: Element, source: Element): void {
  for (const { name } of [...target.attributes]) if (!source.hasAttribute(name)) target.removeAttribute(name);
  for (const { name, value } of source.attributes) {
    if (target.getAttribute(name) !== value) target.setAttribute(name, value);
  }
}

function morphText(target: Text, data: string): void {
  if (target.data === data) return;
  if (data.startsWith(target.data)) target.appendData(data.slice(target.data.length));
  else target.data = data;
}

export function morph(target: Node, source: Node, stays: Stays = () => false): void {
  let old = target.firstChild;
  let next = source.firstChild;
  while (next) {
    const following = next.nextSibling;
    if (!old) {
      target.appendChild(next);
    } else {
      const after: ChildNode | null = old.nextSibling;
      if (old instanceof Text && next instanceof Text) {
        morphText(old, next.data);
      } else if (old instanceof Element && next instanceof Element && old.tagName === next.tagName) {
        if (!stays(old, next)) {
          morphAttributes(old, next);
          morph(old, next, stays);
        }
      } else {
        old.replaceWith(next);
      }
      old = after;
    }
    next = following;
  }
  while (old) {
    const after: ChildNode | null = old.nextSibling;
    old.remove();
    old = after;
  }
}

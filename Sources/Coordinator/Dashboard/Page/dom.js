// Small helpers over the document. Whatever comes from the cluster goes through text nodes, never through markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, properties, children) {
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else element.setAttribute(key, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** An HTML element: `h("p", {class: "x"}, "text", child)`. */
export function h(tag, properties = {}, ...children) {
  return fill(document.createElement(tag), properties, children);
}

/** An SVG element. */
export function s(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

export const $ = (id) => document.getElementById(id);

/** Sets text only when it differs, so that live regions and selections are left alone. */
export function text(element, value) {
  const string = String(value);
  if (element.textContent !== string) element.textContent = string;
}

/** Sets or takes away an attribute, only when it differs. */
export function attribute(element, name, value) {
  if (value === null || value === undefined || value === false) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

/**
 * Makes the children of a parent those of a list, reusing the elements of equal keys: focus, selection and scroll
 * positions survive an update.
 */
export function reconcile(parent, items, key, create, update) {
  const old = parent.reconciled ?? new Map();
  const next = new Map();
  let position = parent.firstElementChild;
  for (const [index, item] of items.entries()) {
    const name = key(item, index);
    const element = old.get(name) ?? create(item);
    old.delete(name);
    next.set(name, element);
    update?.(element, item, index);
    if (position === element) position = element.nextElementSibling;
    else parent.insertBefore(element, position);
  }
  for (const element of old.values()) element.remove();
  parent.reconciled = next;
}

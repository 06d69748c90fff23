/** Creates elements of the page. */
type Child = Node | string | null | undefined | false

/** Properties by name. Names with a hyphen, `role` and `for` are attributes; `on` has listeners by event. */
export interface Props {
  readonly [name: string]: unknown
  readonly on?: Readonly<Record<string, (event: Event) => void>>
}

/** Creates an element with properties and children. */
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, props: Props = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(props)) {
    if (name === 'on') for (const [event, listener] of Object.entries(props.on!)) element.addEventListener(event, listener)
    else if (value === undefined) continue
    else if (name.includes('-') || name === 'role' || name === 'for') element.setAttribute(name, String(value))
    else Object.assign(element, { [name]: value })
  }
  element.append(...children.filter((child): child is Node | string => child !== null && child !== undefined && child !== false))
  return element
}

/** A view of the page. `mount` builds it in an element and returns a function that disposes it. */
export interface View {
  readonly title: string
  mount(place: HTMLElement, query: URLSearchParams): (() => void) | Promise<() => void>
}

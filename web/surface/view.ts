import { h, type View } from '../element.ts'

export const view: View = {
  title: 'surface',
  mount(place) {
    place.append(h('h1', {}, 'surface'))
    return () => {}
  },
}

import { h, type View } from '../element.ts'

export const view: View = {
  title: 'compare',
  mount(place) {
    place.append(h('h1', {}, 'compare'))
    return () => {}
  },
}

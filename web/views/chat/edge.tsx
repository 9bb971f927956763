// The edge of what is drawn of a conversation: as long as the reader is near it, there comes more.
import { createEffect, onCleanup, onMount } from "solid-js";

/** How near is near, px. */
const NEAR = 1_200;

export function Edge(props: {
  /** What is drawn now: after each change of it the edge is looked at again. */
  drawn: unknown;
  grow: () => void;
}) {
  let element!: HTMLDivElement;
  onMount(() => {
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting && props.grow(), {
      root: element.closest(".scroller, .view"),
      rootMargin: `${NEAR}px 0px`,
    });
    // Observed again after each step: an edge that stays in view is not reported twice.
    createEffect(() => {
      void props.drawn;
      observer.disconnect();
      observer.observe(element);
    });
    onCleanup(() => observer.disconnect());
  });
  return <div class="edge" ref={element} />;
}

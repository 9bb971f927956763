// Autoscroll that lets go: it follows the text while the reader is at the end, stops the moment they scroll up, and
// takes up again when they come back to the end or ask for it.
import { createSignal, onCleanup } from "solid-js";

/** This near the end counts as at the end, px. */
const NEAR = 32;

export function makeFollow() {
  const [following, setFollowing] = createSignal(true);
  let scroller: HTMLElement | undefined;
  let last = 0;

  let wanted = () => true;

  const distance = () => (scroller ? scroller.scrollHeight - scroller.clientHeight - scroller.scrollTop : 0);

  function toEnd() {
    if (!scroller) return;
    scroller.scrollTop = scroller.scrollHeight;
    last = scroller.scrollTop;
  }

  function onScroll() {
    if (!scroller) return;
    const top = scroller.scrollTop;
    if (distance() <= NEAR && wanted()) setFollowing(true);
    // Only a move up lets go: text that grows below the reader is no wish of theirs.
    else if (top < last - 1) setFollowing(false);
    last = top;
  }

  /** Lets go before the scroll itself is seen, so that no frame in between pulls the reader back. */
  function onWheel(event: WheelEvent) {
    if (event.deltaY < 0 && scroller && scroller.scrollHeight > scroller.clientHeight) setFollowing(false);
  }

  /**
   * `wanting` says whether there is anything to follow: an empty page is read from its top, and what is drawn may end
   * before the conversation does.
   */
  function attach(element: HTMLElement, content: HTMLElement, wanting: () => boolean) {
    scroller = element;
    wanted = wanting;
    element.addEventListener("scroll", onScroll, { passive: true });
    element.addEventListener("wheel", onWheel, { passive: true });
    const observer = new ResizeObserver(() => following() && wanted() && toEnd());
    observer.observe(content);
    observer.observe(element);
    onCleanup(() => {
      observer.disconnect();
      element.removeEventListener("scroll", onScroll);
      element.removeEventListener("wheel", onWheel);
    });
  }

  /** Runs a change above the reader's place without moving it. */
  function keepPlace(change: () => void) {
    if (!scroller) return change();
    const before = scroller.scrollHeight - scroller.scrollTop;
    change();
    scroller.scrollTop = scroller.scrollHeight - before;
    last = scroller.scrollTop;
  }

  return {
    following,
    attach,
    /** Goes to the end and follows from there. */
    resume() {
      setFollowing(true);
      toEnd();
    },
    release: () => setFollowing(false),
    keepPlace,
    /** Runs a change at the end of an element. Where that end is above what the reader sees, nothing moves for them. */
    growEndOf(element: Element, change: () => void) {
      const above = scroller && element.getBoundingClientRect().bottom < scroller.getBoundingClientRect().top;
      if (above) keepPlace(change);
      else change();
    },
  };
}

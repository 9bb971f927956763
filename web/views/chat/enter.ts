// Whether a key press means "send": Enter alone, and never the Enter that ends a word in an input method. Safari
// reports that one after the composition is over, with key code 229.
export function isPlainEnter(event: KeyboardEvent): boolean {
  return event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229;
}

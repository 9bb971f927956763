import { cleanup, fireEvent, render, screen } from "@solidjs/testing-library";
import { createSignal } from "solid-js";
import { afterEach, expect, it } from "vitest";
import { NumberField } from "./number-field.tsx";

afterEach(cleanup);

it("takes figures of zero or more, and goes back to the last one from anything else", () => {
  const [value, setValue] = createSignal(3);
  render(() => <NumberField label="Price" value={value()} change={setValue} />);
  const field = screen.getByRole<HTMLInputElement>("spinbutton", { name: "Price" });
  fireEvent.input(field, { target: { value: "2.5" } });
  expect(value()).toBe(2.5);
  for (const nonsense of ["", "-4"]) {
    fireEvent.input(field, { target: { value: nonsense } });
    expect(value()).toBe(2.5);
    fireEvent.blur(field);
    expect(field.value).toBe("2.5");
  }
});

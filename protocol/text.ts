// Text from outside: what no text can have, half a character, has U+FFFD in its place, as everywhere on the web.
import { z } from "zod";

export const text = () => z.string().overwrite((value) => value.toWellFormed());

// The seed of what is chosen at random here: printed by every test and sweep, and taken from `SEED` to run one again.

export function chosenSeed(): number {
  const given = process.env.SEED?.trim();
  const seed = given ? Number(given) : Math.floor(Math.random() * 2 ** 31);
  if (!Number.isInteger(seed)) throw new Error(`SEED must be a whole number; it is "${given}".`);
  return seed;
}

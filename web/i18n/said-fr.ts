// Ce que le serveur dit en anglais, redit en français d’après ses codes.
import type { Problem, ProblemCode } from "../../protocol/problems.ts";
import type { Why, WhyCode } from "../../protocol/reasons.ts";
import type { RunErrorCode } from "../../protocol/records.ts";
import { makeFormats } from "./format.ts";

const { integer, instant } = makeFormats("fr");
const all = new Intl.ListFormat("fr", { type: "conjunction" });
const any = new Intl.ListFormat("fr", { type: "disjunction" });

/** « (1 500 ; la limite est de 1 000) », autant que le serveur le précise. */
function bounds({ limit, value }: Problem): string {
  if (limit === undefined) return "";
  const most = `la limite est de ${integer(limit)}`;
  return typeof value === "number" ? ` (${integer(value)} ; ${most})` : ` (${most})`;
}

const problems: Record<ProblemCode, (problem: Problem) => string> = {
  bad_request: () => "Le serveur n’a pas compris la demande.",
  offset_invalid: () => "Ce point de reprise n’est pas de cette discussion.",
  unauthenticated: () => "Le serveur ne sait pas qui vous êtes. Rechargez la page, ou présentez votre jeton.",
  forbidden: () => "Cela ne vous est pas permis ici.",
  not_yours: () => "Cette discussion appartient à quelqu’un d’autre.",
  unknown_chat: () => "Cette discussion n’existe pas ; elle a peut-être été supprimée.",
  unknown_run: () => "Cette réponse n’existe pas.",
  not_cached: () => "Aucune réponse à cette question n’est en cache.",
  not_found: () => "Il n’y a rien à cette adresse.",
  method_not_allowed: () => "Cette adresse n’accepte pas cette demande.",
  conflict: () => "Ce n’est pas possible en ce moment. Attendez la fin de ce qui est en cours, puis réessayez.",
  body_too_large: (problem) => `La demande est trop longue${bounds(problem)}.`,
  prompt_too_large: (problem) =>
    `Le message est trop long${bounds(problem)}. Raccourcissez-le ou envoyez-le en plusieurs fois.`,
  unsupported_media_type: () => "Le serveur n’a pas compris la demande.",
  tier_unavailable: () => "Ce niveau n’est pas disponible ici.",
  unknown_model: () => "Ce modèle n’est pas disponible ici. Choisissez-en un autre.",
  idempotency_conflict: () => "Cette demande a déjà été envoyée sous une autre forme. Reformulez-la.",
  answer_broken: () => "La réponse s’est interrompue et n’a pas pu être reprise.",
  rate_limited: (problem) => `Trop de demandes à la fois${bounds(problem)}. Attendez un peu, puis réessayez.`,
  budget_exceeded: () => "Votre budget du jour est épuisé. Demandez moins de jetons, ou revenez demain (UTC).",
  too_many_readers: (problem) => `Trop de lecteurs pour cette discussion${bounds(problem)}.`,
  too_many_chats: (problem) =>
    `Vous avez trop de discussions${bounds(problem)}. Supprimez-en une pour en ouvrir une autre.`,
  too_many_runs: () =>
    "Trop de réponses en cours dans cette discussion. Attendez la fin de l’une d’elles, ou arrêtez-la.",
  internal: ({ requestId }) =>
    `Une erreur s’est produite sur le serveur ; rien n’est perdu. Si vous le signalez, citez ${requestId}.`,
  access_unreachable: () =>
    "Votre identité ne peut pas être vérifiée pour l’instant : Cloudflare Access est injoignable.",
  archive_unreachable: () => "Les archives sont injoignables pour l’instant.",
  temporal_unreachable: () => "Temporal est injoignable pour l’instant. La réponse, elle, est dans sa discussion.",
};

const since = (why: Why, more: string): string =>
  why.since === undefined ? `Rien n’a encore été compté${more}.` : `Compté depuis le ${instant(why.since)}${more}.`;

const whys: Record<Exclude<WhyCode, RunErrorCode>, (why: Why) => string> = {
  unset: ({ settings = [] }) => `Pour l’activer, renseignez ${all.format(settings)}.`,
  no_provider: ({ settings = [] }) => `Aucun fournisseur n’est configuré. Renseignez ${any.format(settings)}.`,
  objects_down: () => "Les objets ne répondent pas.",
  cache_down: () => "Le cache ne répond pas ; les réponses sont produites sans lui.",
  archive_down: () => "Les archives ne répondent pas ; ce qu’elles doivent recevoir attend dans les discussions.",
  temporal_down: () => "Temporal est injoignable pour l’instant.",
  unknown_workflow: () => "Temporal ne connaît pas ce workflow.",
  no_counters: ({ settings = [] }) => `Pour avoir des chiffres, renseignez ${any.format(settings)}.`,
  counters_down: () => "Les compteurs sont injoignables ; ces chiffres viennent des archives.",
  figures_down: () => "Ce qui compte les réponses est injoignable.",
  counted_since: (why) => since(why, ""),
  history_down: (why) => since(why, " ; les archives, qui savent ce qu’il y avait avant, sont injoignables"),
  counted_in_part: () =>
    "Certaines réponses n’ont pas pu être comptées, et aucune archive n’est joignable pour les donner.",
};

export const said = {
  problems,
  whys,
  workerLost: "Son worker n’a plus donné signe de vie.",
};

export type Said = typeof said;

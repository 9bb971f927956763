// The mark: a keep line with the words it holds.
export function Logo(props: { size?: number }) {
  return (
    <svg width={props.size ?? 22} height={props.size ?? 22} viewBox="0 0 22 22" aria-hidden="true" class="logo">
      <g fill="none" stroke="currentColor" stroke-linecap="round" stroke-width="2.2">
        <path d="M4 2.5v17" />
        <path d="M8.5 5h4M8.5 11h8.5M8.5 17h6" />
      </g>
    </svg>
  );
}

/* The name, with its sign. */
export function Mark() {
  return (
    <span className="mark">
      <svg className="mark-sign" viewBox="0 0 32 32" aria-hidden="true">
        <rect className="mark-ground" width="32" height="32" rx="8" />
        <path className="mark-past" d="M8 10.5h16M8 16h10" />
        <path className="mark-now" d="M8 21.5h6" />
        <rect className="mark-cursor" x="17" y="18.5" width="3" height="6" rx="1" />
      </svg>
      LLMSelect
    </span>
  );
}

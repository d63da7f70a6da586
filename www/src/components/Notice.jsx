/*
 * What happened and what to do about it, in one quiet row.  `tone` is plain,
 * warn or danger; `children` are the buttons that mend it.
 */
export function Notice({ tone = 'plain', text, role, children }) {
  return (
    <div className="notice" data-tone={tone} role={role}>
      <p className="notice-text">{text}</p>
      {children && <div className="notice-actions">{children}</div>}
    </div>
  );
}

export function Banner({ children }) {
  return (
    <p className="banner" role="status">
      {children}
    </p>
  );
}

/* One set of line icons, 16 or 20 px.  The name of a control is its own text. */
export function Icon({ as: Shape, size = 16 }) {
  return <Shape className="icon" size={size} strokeWidth={1.75} aria-hidden="true" focusable="false" />;
}

export function IconButton({ icon, label, size = 20, ...props }) {
  return (
    <button type="button" className="icon-button" aria-label={label} title={label} {...props}>
      <Icon as={icon} size={size} />
    </button>
  );
}

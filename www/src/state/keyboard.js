/* The keys that the page knows, for its help: rows of [keys, what they do]. */

const sending = (onEnter) =>
  onEnter
    ? [
        [['Enter'], 'Send the question'],
        [['Shift', 'Enter'], 'New line'],
      ]
    : [
        [['Ctrl', 'Enter'], 'Send the question'],
        [['Enter'], 'New line'],
      ];

export function keyboardHelp({ sendOnEnter, isMac }) {
  const control = isMac ? '⌘' : 'Ctrl';
  const rows = [
    ...sending(sendOnEnter),
    [['Esc'], 'Stop the answer, or close what is open'],
    [['Ctrl', 'K'], 'Find a conversation'],
    [['Ctrl', 'Shift', 'O'], 'New chat'],
    [['?'], 'This help, outside of a text field'],
  ];
  return rows.map(([keys, text]) => [keys.map((key) => (key === 'Ctrl' ? control : key)), text]);
}

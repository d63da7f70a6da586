/*
 * The short notes that lie over the page, oldest first:
 * { id, tone: 'plain' | 'danger', text, action: string | null }.
 */

/* More would cover what they speak of; the oldest makes room. */
export const TOASTS_MAX = 3;

export function toastsReducer(toasts, event) {
  switch (event.type) {
    case 'shown':
      return [...toasts, event.toast];
    case 'ended':
      return toasts.filter((toast) => toast.id !== event.id);
    default:
      return toasts;
  }
}

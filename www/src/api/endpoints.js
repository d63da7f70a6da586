/*
 * What the page asks of the server: one row per endpoint.  The shapes are in
 * docs/API.md.
 */

const id = encodeURIComponent;

export function createApi(client) {
  return {
    setCsrfToken: client.setCsrfToken,
    onStaleSession: client.onStaleSession,

    me: () => client.get('/auth/me'),
    registration: () => client.get('/auth/register'),
    login: (credentials) => client.post('/auth/login', credentials),
    register: (credentials) => client.post('/auth/register', credentials),
    logout: () => client.post('/auth/logout'),
    changePassword: (passwords) => client.post('/auth/password', passwords),
    deleteAccount: (password) => client.del('/auth/me', { body: { password } }),
    exportAccount: (options) => client.open('/auth/me/export', options),
    settings: () => client.get('/auth/me/settings'),
    setSettings: (settings) => client.put('/auth/me/settings', settings),
    sessions: ({ page }) => client.get(`/auth/sessions?page=${page}`),
    endSession: (session) => client.del(`/auth/sessions/${id(session)}`),
    endOtherSessions: () => client.del('/auth/sessions'),

    users: ({ page, search }) =>
      client.get(`/admin/users?page=${page}${search ? `&search=${id(search)}` : ''}`),
    changeUser: (user, change) => client.patch(`/admin/users/${id(user)}`, change),
    deleteUser: (user) => client.del(`/admin/users/${id(user)}`),
    invites: ({ page }) => client.get(`/admin/invites?page=${page}`),
    createInvite: (invite) => client.post('/admin/invites', invite),
    revokeInvite: (invite) => client.del(`/admin/invites/${id(invite)}`),

    models: () => client.get('/models'),
    keys: () => client.get('/keys'),
    setKey: (provider, key) => client.put(`/keys/${id(provider)}`, { key }),
    testKey: (provider) => client.post(`/keys/${id(provider)}/test`),
    removeKey: (provider) => client.del(`/keys/${id(provider)}`),

    conversations: (wanted) => client.get(`/conversations?${new URLSearchParams(wanted)}`),
    conversation: (conversation, options) =>
      client.get(`/conversations/${id(conversation)}`, options),
    patchConversation: (conversation, change) =>
      client.patch(`/conversations/${id(conversation)}`, change),

    chatStream: (body, options) => client.openStream('/chat/stream', body, options),
    joinStream: (stream, position, options) =>
      client.joinStream(`/streams/${id(stream)}`, position, options),
    cancelStream: (stream) => client.post(`/streams/${id(stream)}/cancel`, {}),
    cancelRequest: (request) => client.post('/streams/cancel', { client_request_id: request }),

    deleteConversation: (conversation, options) =>
      client.del(`/conversations/${id(conversation)}`, options),
    exportConversation: (conversation, format) =>
      client.file(`/conversations/${id(conversation)}/export?format=${id(format)}`),
  };
}

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

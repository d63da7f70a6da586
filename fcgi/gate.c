#include "gate.h"

void
gate_init(struct gate *g, int inside_max)
{
	*g = (struct gate){ .inside_max = inside_max };
	g->last = &g->first;
	pthread_mutex_init(&g->lock, NULL);
}

static void
line_up(struct gate *g, struct job *job)
{
	job->next = NULL;
	*g->last = job;
	g->last = &job->next;
	g->waiting++;
}

enum gate_answer
gate_enter(struct gate *g, struct job *job)
{
	enum gate_answer answer = GATE_TOO_MANY;

	pthread_mutex_lock(&g->lock);
	if (g->inside < g->inside_max) {
		g->inside++;
		answer = GATE_IN;
	} else if (g->waiting < GATE_LINE_MAX) {
		line_up(g, job);
		answer = GATE_WAITS;
	}
	pthread_mutex_unlock(&g->lock);
	return answer;
}

struct job *
gate_leave(struct gate *g)
{
	struct job *next;

	pthread_mutex_lock(&g->lock);
	next = g->first;
	if (next == NULL) {
		g->inside--;
	} else {
		g->waiting--;
		g->first = next->next;
		if (g->first == NULL)
			g->last = &g->first;
	}
	pthread_mutex_unlock(&g->lock);
	return next;
}

void
gate_free(struct gate *g)
{
	pthread_mutex_destroy(&g->lock);
}

/* The agent's beginning, for the functions that tell that a program serves. */

#ifndef TSPROF_AGENT_H
#define TSPROF_AGENT_H

/* Begin, in a program that begins to serve; at once where that is done. */
void agent_begin(void);

#endif

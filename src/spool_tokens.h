/*
 * spool_tokens: the file of the spool that says who may do what over the web. It is no queue, and no queue has its name.
 */
#ifndef WQW_SPOOL_TOKENS_H
#define WQW_SPOOL_TOKENS_H

extern const char spool_tokens[];   /* its name */

int spool_open_tokens(void);        /* a descriptor to read it from, whatever it is; ENOENT: there is none */

#endif

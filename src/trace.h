/*
 * trace: W3C Trace Context, as a request, a field of a job or the environment gives it.
 */
#ifndef WQW_TRACE_H
#define WQW_TRACE_H

int trace_valid_parent(const char *value);   /* 1 where it is a traceparent */
int trace_valid_state(const char *value);    /* 1 where it may pass for a tracestate */

/* 0 where a field of this name has rules that the value, blanks around it aside, breaks; `why` then says them. */
int trace_field(const char *name, const char *value, const char **why);

#endif

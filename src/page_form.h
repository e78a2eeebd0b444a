/*
 * page_form: the form that submits to a queue.
 */
#ifndef WQW_PAGE_FORM_H
#define WQW_PAGE_FORM_H

#include <stdio.h>

#include "policy.h"

struct page_form {
	const char *queue, *to;   /* to: where it is sent */
	const char *key;          /* proposed, where the policy wants one: another one for each form */
	const struct policy *policy;
	int paused;
};

/* The body of a page; arg is a struct page_form. */
void page_form(FILE *f, void *arg);

/* A reply to a form: the fields that it has beside files, and the one of pasted text. */
#define PAGE_FORM_TEXT "text"

#endif

/*
 * web_pace: when it is worth asking again, by what the queue's workers have done lately.
 */
#ifndef WQW_WEB_PACE_H
#define WQW_WEB_PACE_H

#include "view.h"
#include "web.h"

enum { WEB_PLACES_MAX = 10000 };   /* names in new/ that are read to know a job's place */

/*
 * Seconds: until the jobs before this one, and it, have ended at the pace of the last minutes, or it has run as long as
 * others do; where that is not known, longer for one that has waited longer. 0: it has ended.
 */
int web_pace(const struct web *w, const struct view *v);

#endif

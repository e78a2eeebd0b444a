/* Makes a page live. Every page says all it has to say without this. */
"use strict";

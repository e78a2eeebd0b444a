/*
 * exec: a command by its name.
 */
#ifndef WQW_EXEC_H
#define WQW_EXEC_H

/*
 * Becomes the command: argv[0] without a slash is looked up in the PATH of envp. Returns only the errno of why it
 * can't. Touches nothing but its own stack, so it may follow a vfork(2).
 */
int exec_command(char *const *argv, char *const *envp);

#endif

package main

// checkLong explains check.
const checkLong = `Reads a keepalived.conf and prints what is wrong or doubtful, in the order of the file:

  file:line:col: severity: message (hint)
          included from file:line:col

  fatal    tandem will not run with this file
  error    this statement or block has no effect, the rest runs
  warning  it runs, but perhaps not as meant
  note     worth knowing

On a terminal the line of the file follows, with the word marked that is meant.
A start refuses only what is fatal. A reload also refuses errors that the
running file did not have, and then changes nothing.

Exit status: 0 usable, 1 fatal, 2 errors or warnings with --strict, 64 the
command line is wrong. With --keepalived-exit-codes it is what keepalived
--config-test exits with: 0 nothing found but notes, 5 any error or warning,
4 nothing but what stops a start (a missing interface, or fatal), 6 a script
that is not safe or an include that failed, 2 a statement without its argument.
keepalived exits with 0 for a file that it cannot read; this exits with 4.`

const checkExample = `  tandem check                                     # the file that tandem run would read
  tandem check keepalived.conf
  tandem check --strict && systemctl reload tandem
  ssh lb2 cat /etc/keepalived/keepalived.conf | tandem check -i lb2 -f -
  tandem check --color always pair.conf | less -R
  tandem check --json | jq -r '.diagnostics[] | select(.severity == "error") | .message'
  tandem check --keepalived-exit-codes new.conf    # in place of keepalived -t -f new.conf`

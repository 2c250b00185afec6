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

--dump prints what the file comes to instead: defaults filled in, variables and
templates resolved, without what is refused. It can be loaded again.

--explain takes away, one by one, what the file tracks, and tells who would be
master. --against reads the other director's file too and says where the two do
not make a pair: what must be the same and is not, and what is and must not be.
Both together tell who is master after every single failure. Templates of the
other file stand for what the other host is; --dump on it says what that is.

--json prints one object: summary (usable, and counts), and diagnostics with
file, line, column, severity, message, hint and included_from. A line that is
not known is left out.

Exit status, where what --against finds counts too:

   0  usable
   1  fatal
   2  errors or warnings, with --strict
  64  the command line is wrong

With --keepalived-exit-codes it is what keepalived --config-test exits with:

   0  nothing, or notes
   2  a statement without its argument
   4  nothing but what stops a start: a missing interface, or fatal
   5  any error or warning
   6  an include that had to find its files, and did not

For a file that it cannot read keepalived exits with 0, and this with 4. It exits
with 6 for unsafe scripts too, which are not judged here.`

const checkExample = `  tandem check                                     # the file that tandem run would read
  tandem check keepalived.conf
  tandem check --strict && systemctl reload tandem
  tandem check --color always pair.conf | less -R
  tandem check --json | jq -r '.diagnostics[] | select(.severity == "error") | .message'
  tandem check --keepalived-exit-codes -f new.conf # in place of keepalived -t -f new.conf

  tandem check --dump | diff before.conf -         # what does my edit change? (before.conf was a dump)
  tandem check --dump --positions | less           # which of all the included files says this?
  tandem check --dump --json | jq '.virtual_server[].name'
  tandem check --explain                           # is the weight of that script enough?

  scp lb2:/etc/keepalived/keepalived.conf lb2.conf
  tandem check --against lb2.conf                  # do the two make a pair?
  tandem check -i lb1 pair.conf --against pair.conf --against-id lb2
  tandem check --against <(ssh lb2 tandem check --dump --show-secrets)
  ssh lb2 cat /etc/keepalived/keepalived.conf | tandem check -i lb2 -f -`

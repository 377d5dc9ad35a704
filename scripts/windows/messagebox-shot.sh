#!/bin/bash
# messagebox-shot.sh OUT.png TITLE COMMAND...: runs COMMAND, which opens a Windows message box, on a screen of its own
# (Xvfb). Waits for the window with that TITLE, takes a picture of it, presses its button, and ends with COMMAND's exit
# code. Needs setup.sh with GUI=1.
set -uo pipefail
out=$1 title=$2
shift 2
job='' screen=''
trap 'kill $job $screen 2>/dev/null' EXIT
trap 'exit 143' TERM
trap 'exit 130' INT

exec 3< <(exec Xvfb -displayfd 1 -screen 0 800x600x24 -nolisten tcp 2>/dev/null) # picks a free display
screen=$!
read -r -t 20 display <&3 || { echo 'messagebox-shot.sh: Xvfb did not start' >&2; exit 1; }
export DISPLAY=:$display

"$@" <&0 3<&- &
job=$!
window=''
for ((i = 0; i < 160; i++)); do
  window=$(xdotool search --onlyvisible --name "^$title\$" 2>/dev/null | head -1)
  [ -z "$window" ] || break
  kill -0 $job 2>/dev/null || { wait $job; status=$?; echo "messagebox-shot.sh: $1 ended ($status) without a window titled $title" >&2; exit $((status ? status : 1)); }
  sleep 0.25
done
[ -n "$window" ] || { echo "messagebox-shot.sh: no window titled $title in 40 s" >&2; exit 1; }

sleep 0.5 # until it is painted
import -window root "$out"
eval "$(xdotool getwindowgeometry --shell "$window")"
xdotool mousemove $((X + WIDTH / 2)) $((Y + HEIGHT - 25)) click 1
wait $job

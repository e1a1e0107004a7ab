#!/bin/sh
# Stands in for a program beside the launcher: tells as what and with which arguments it ran.
echo "$$ $0 $*"
exit 7

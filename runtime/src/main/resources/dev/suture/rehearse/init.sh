#!/bin/busybox sh
# The first program in the rehearsal's dom0. Takes the payloads through their steps and tells the console what happened,
# one line each, in words without blanks:
#
#   @suture ready .
#   @suture broken =OUTPUT .                             dom0 did not come up as it should
#   @suture begin INDEX STEP .
#   @suture end INDEX STEP EXITCODE ATTEMPTS =OUTPUT .
#   @suture saw INDEX WHEN COMMAND EXITCODE =OUTPUT .     WHEN: before, applied or reverted
#   @suture done .
#
# OUTPUT is base64, because lines of Xen's own may come in the middle of a line. The final dot tells a whole line from
# a piece of one.
#
# /suture/payloads   a line "INDEX NAME" for each payload; the file is /suture/NAME.livepatch
# /suture/observe/N  the commands to look with, from 0
# /suture/stack      is there if the payloads are to be applied on top of one another

export PATH=/bin LD_LIBRARY_PATH=/lib
attempts_in_all=10

say() {
    printf '\n@suture %s .\n' "$*"
}

encode() {
    head -c 65536 | base64 | tr -d '\n'
}

broken() {
    say broken "=$(encode </tmp/output)"
    sleep 3600
}

observe() {
    command_number=0
    while [ -f "/suture/observe/$command_number" ]; do
        timeout 30 sh "/suture/observe/$command_number" >/tmp/output 2>&1 </dev/null
        say saw "$1" "$2" "$command_number" "$?" "=$(encode </tmp/output)"
        command_number=$((command_number + 1))
    done
}

# step INDEX STEP ARGUMENT...: runs the client ($client); its exit code 2 asks for another attempt.
step() {
    index=$1
    step=$2
    shift 2
    say begin "$index" "$step"
    attempt=1
    while :; do
        "$client" "$@" >/tmp/output 2>&1 </dev/null
        code=$?
        if [ "$code" != 2 ] || [ "$attempt" = "$attempts_in_all" ]; then break; fi
        attempt=$((attempt + 1))
        sleep 0.3
    done
    say end "$index" "$step" "$code" "$attempt" "=$(encode </tmp/output)"
    return "$code"
}

put_in() {
    observe "$1" before
    step "$1" upload upload "$2" "/suture/$2.livepatch" || return 1
    if ! step "$1" apply apply "$2"; then
        step "$1" unload unload "$2"
        return 1
    fi
    step "$1" list list
    observe "$1" applied
}

take_out() {
    step "$1" revert revert "$2" || return 1
    observe "$1" reverted
    step "$1" unload unload "$2"
}

one_by_one() {
    while read -r number name; do
        if put_in "$number" "$name"; then
            take_out "$number" "$name" || return
        fi
    done </suture/payloads
}

stacked() {
    : >/tmp/applied
    while read -r number name; do
        put_in "$number" "$name" || break
        { echo "$number $name"; cat /tmp/applied; } >/tmp/next && mv /tmp/next /tmp/applied
    done </suture/payloads
    while read -r number name; do
        take_out "$number" "$name" || return
    done </tmp/applied
}

/bin/busybox mkdir -p /proc /sys /dev /tmp
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
# Only a dying kernel may write between our lines.
dmesg -n 1

for module in /modules/*; do
    insmod "$module" >/tmp/output 2>&1 || broken
done
mount -t xenfs xenfs /proc/xen >/tmp/output 2>&1 || broken
# Debian's client, if it knows the control interface of this hypervisor; else Suture's own, which knows that of later ones.
client=xen-livepatch
if ! xen-livepatch list >/tmp/output 2>&1; then
    client=suture-client
    suture-client list >/dev/null 2>&1 || broken
fi
say ready

if [ -f /suture/stack ]; then stacked; else one_by_one; fi

say done
poweroff -f

# Sourced by scripts that take a source package from the distribution. The machine's own apt set-up is read and never
# changed, and root is not needed.

# Writes one apt sources file for each place of the machine's own set-up that may have the source package, in the
# machine's order: its entries for this release, turned from binaries to sources. Security archives are left out, as
# they list sources they no longer hold.
write_candidates() {
    local codename list parts file LIST PARTS
    codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    eval "$(apt-config shell LIST Dir::Etc::sourcelist/f PARTS Dir::Etc::sourceparts/d)"
    list=$LIST parts=$PARTS
    # One-line format: deb [options] URI SUITE COMPONENT...
    cat "$list" "$parts"/*.list 2>/dev/null | awk -v codename="$codename" -v to="$1/candidate" '
        $1 == "deb" {
            suite = 3
            if ($2 ~ /^\[/) { for (i = 2; $i !~ /\]$/ && i < NF; i++) {} suite = i + 2 }
            if ($suite == codename && / main/) { sub(/^ *deb/, "deb-src"); print > (to "-1-" NR ".list") }
        }'
    # Stanzas (deb822): only the types and the suites change.
    for file in "$parts"/*.sources; do
        if [ -e "$file" ]; then cat "$file"; echo; fi
    done | awk -v codename="$codename" -v to="$1/candidate" '
        function finish(   suites, i, file, there) {
            split(fields["suites"], suites, /[ \t\n]+/)
            for (i in suites) if (suites[i] == codename) there = 1
            if (there && fields["components"] ~ /main/ && tolower(fields["enabled"]) !~ /no/ && fields["types"] ~ /deb/) {
                file = to "-2-" NR ".sources"
                printf "Types: deb-src\nSuites: %s\n%s", codename, kept > file
                close(file)
            }
            delete fields; kept = ""; name = ""
        }
        /^#/ { next }
        /^[ \t]*$/ { finish(); next }
        /^[^ \t]/ { name = tolower($0); sub(/:.*/, "", name) }
        { value = $0; if (/^[^ \t]/) sub(/^[^:]*:[ \t]*/, "", value); fields[name] = fields[name] " " value }
        name != "types" && name != "suites" { kept = kept $0 "\n" }
        END { finish() }'
}

# Downloads the source package $2 into the folder $1.
download() {
    local work=$1 package=$2 file
    mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/files"
    # What runs after an update on the machine is for the machine's own package lists.
    cat >"$work/apt.conf" <<'CONF'
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
CONF
    local own=(-q -c "$work/apt.conf" -o "Dir::Etc::SourceParts=/dev/null" -o "Dir::State::Lists=$work/lists"
        -o "Dir::Cache=$work/cache" -o "APT::Sandbox::User=root" -o "Acquire::Languages=none" -o "Acquire::Retries=3")
    write_candidates "$work"
    for file in "$work"/candidate-*; do
        [ -e "$file" ] || continue
        if (cd "$work/files" && apt-get "${own[@]}" -o "Dir::Etc::SourceList=$file" update &&
            apt-get "${own[@]}" -o "Dir::Etc::SourceList=$file" source --only-source --download-only "$package") \
            >>"$work/log" 2>&1; then
            return 0
        fi
        find "$work/files" -type f -delete
    done
    # The machine may know source packages itself.
    (cd "$work/files" && apt-get -q source --only-source --download-only "$package") >>"$work/log" 2>&1
}

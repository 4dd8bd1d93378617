package dev.suture.cli.xen;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Edits of the real Xen source, each of another kind, written as what is replaced by what. */
enum XenEdits {
    STRING(edit("common/version.c").with("    return XEN_EXTRAVERSION;", "    return \"-string\";")),
    LOGIC(edit("common/version.c")
            .with("#include <xen/version.h>", "#include <xen/version.h>\n#include <xen/kernel.h>")
            .with(
                    "    return XEN_EXTRAVERSION;",
                    "    return system_state >= SYS_STATE_active ? \"-logic\" : XEN_EXTRAVERSION;")),
    NEW_FUNCTION(edit("common/version.c")
            .with("#include <xen/version.h>", "#include <xen/version.h>\n#include <xen/kernel.h>")
            .with("const char *xen_extra_version(void)", """
            static noinline const char *suture_pick(unsigned int which)
            {
                return which ? "-function" : "-wrong";
            }

            const char *xen_extra_version(void)""")
            .with("    return XEN_EXTRAVERSION;", "    return suture_pick(system_state);")),
    NEW_GLOBAL(edit("common/version.c")
            .with("const char *xen_extra_version(void)", """
                    unsigned int suture_calls;
                    const char *suture_word = "-global";

                    const char *xen_extra_version(void)""")
            .with("    return XEN_EXTRAVERSION;", "    return ++suture_calls ? suture_word : \"-wrong\";")
            .and("include/xen/version.h")
            .with("const char *xen_extra_version(void);", """
                    const char *xen_extra_version(void);
                    extern unsigned int suture_calls;""")
            .and("common/kernel.c")
            .with("        return (xen_major_version() << 16) | xen_minor_version();", """
                            if ( suture_calls == ~0U )
                                return -EINVAL;
                            return (xen_major_version() << 16) | xen_minor_version();""")),
    NEW_STATIC_LOCAL(edit("common/version.c").with("    return XEN_EXTRAVERSION;", """
                static char text[12];
                static unsigned int calls = 7;

                snprintf(text, sizeof(text), "-local%u", calls++);

                return text;""")),
    SWITCH_TABLE(edit("common/version.c")
            .with("#include <xen/version.h>", "#include <xen/version.h>\n#include <xen/kernel.h>")
            .with("    return XEN_EXTRAVERSION;", """
                unsigned int skip = 0;

                switch ( system_state )
                {
                case SYS_STATE_early_boot: skip = 7; break;
                case SYS_STATE_boot: skip = 3; break;
                case SYS_STATE_smp_boot: skip = 9; break;
                case SYS_STATE_active: skip = 5; break;
                case SYS_STATE_suspend: skip = 8; break;
                case SYS_STATE_resume: skip = 1; break;
                }

                return &"-wrong-table"[skip + 1];""")),
    EXCEPTION_TABLE_AND_ALTERNATIVES(edit("arch/x86/domain.c")
            .with("    struct vcpu_runstate_info runstate;\n\n    if ( guest_handle_is_null", """
                        struct vcpu_runstate_info runstate;

                        if ( v->vcpu_id == 4095 )
                            return false;

                        if ( guest_handle_is_null""")),
    HYPERCALL_WITH_GUEST_COPIES(
            edit("common/kernel.c").with("        return (!guest_handle_is_null(arg) ? -EINVAL : PAGE_SIZE);", """
                            printk_once(XENLOG_INFO "suture: page size asked for at line %d\\n", __LINE__);
                            return (!guest_handle_is_null(arg) ? -EINVAL : PAGE_SIZE);""")),
    INLINE_IN_A_HEADER(edit("include/xen/version.h")
            .with("const char *xen_extra_version(void);", """
            const char *xen_extra_version(void);

            static inline unsigned int suture_inline(unsigned int x)
            {
                return x * 3 + 1;
            }""")
            .and("common/version.c")
            .with("#include <xen/version.h>", "#include <xen/version.h>\n#include <xen/kernel.h>")
            .with("    return XEN_EXTRAVERSION;", "    return suture_inline(system_state) > 4 ? \"-inline\" : \"\";")),
    /**
     * {@code rangeset_printk()} was called once, and so was inlined there; with a second call gcc makes it a function of
     * its own, and the first caller, which nobody touched, comes out as other code.
     */
    INLINING(edit("common/rangeset.c").with("""
            void rangeset_limit(
                struct rangeset *r, unsigned int limit)
            {
            """, """
            static void rangeset_printk(struct rangeset *r);

            void rangeset_limit(
                struct rangeset *r, unsigned int limit)
            {
                if ( limit == 4242 )
                    rangeset_printk(r);
            """)),
    HOOKS(edit("common/version.c")
            .with("#include <xen/version.h>", """
            #include <xen/version.h>
            #include <xen/livepatch_payload.h>""")
            .with("const char *xen_extra_version(void)", """
            static const char *suture_extra = "-unhooked";

            static void cf_check suture_load(void)
            {
                suture_extra = "-hooked";
                printk("suture: load hook\\n");
            }
            LIVEPATCH_LOAD_HOOK(suture_load);

            static void cf_check suture_unload(void)
            {
                printk("suture: unload hook\\n");
            }
            LIVEPATCH_UNLOAD_HOOK(suture_unload);

            const char *xen_extra_version(void)""")
            .with("    return XEN_EXTRAVERSION;", "    return suture_extra;")),
    /** The only pointer to this function is in a table that is gone after the boot, and was copied before. */
    BOOT_TABLE(edit("arch/x86/hvm/svm/svm.c")
            .with("    vmcb_set_g_pat(vmcb, gpat);", "    vmcb_set_g_pat(vmcb, gpat == 4242 ? 0 : gpat);")),
    /** Another function of the same file, for a payload on top of another. */
    SECOND_FUNCTION(edit("common/version.c").with("    return XEN_CHANGESET;", "    return \"second\";")),
    BOOT_ONLY(edit("arch/x86/setup.c")
            .with(
                    "    printk(\"Command line: %s\\n\", cmdline);",
                    "    printk(\"The command line: %s\\n\", cmdline);")),
    DATA(edit("common/domain.c").with("extra_domU_irqs = DEFAULT_EXTRA_DOMU_IRQS;", "extra_domU_irqs = 77;")),
    RESIZED_DATA(edit("common/grant_table.c")
            .with(
                    "static char __read_mostly opt_max_grant_frames_val[GRANT_CUSTOM_VAL_SZ];",
                    "static char __read_mostly opt_max_grant_frames_val[GRANT_CUSTOM_VAL_SZ + 8];")),
    TYPE_LAYOUT(edit("arch/x86/hvm/viridian/synic.c")
            .with("#include <asm/hvm/support.h>", """
            #include <asm/hvm/support.h>
            #define SUTURE 1""")
            .and("arch/x86/include/asm/hvm/viridian.h")
            .with("struct viridian_domain\n{", """
            struct viridian_domain
            {
                uint64_t suture_first;""")),
    PER_CPU(edit("common/version.c")
            .with("#include <xen/version.h>", """
            #include <xen/version.h>
            #include <xen/sched.h>""")
            .with("const char *xen_extra_version(void)", """
            static DEFINE_PER_CPU(unsigned int, suture_count);

            const char *xen_extra_version(void)""")
            .with("    return XEN_EXTRAVERSION;", "    return ++this_cpu(suture_count) ? \"-a\" : \"-b\";")),
    COMMENT(edit("common/version.c").with("const char *xen_extra_version(void)", """
            /* What follows the version number. */

            const char *xen_extra_version(void)""")),
    NOT_BUILT(
            edit("arch/arm/setup.c").with("#include <xen/sched.h>", "#include <xen/sched.h>\n#include <xen/errno.h>")),
    ASSEMBLY(edit("arch/x86/x86_64/entry.S").with("\nrestore_all_guest:\n", "\nrestore_all_guest:\n        nop\n"));

    private final Edit edit;

    XenEdits(Edit edit) {
        this.edit = edit;
    }

    static Edit edit(String file) {
        return new Edit().and(file);
    }

    /** {@return the edit as a patch of the source in a tree} */
    Path patch(Path tree, Path folder) throws IOException, InterruptedException {
        return edit.patch(tree, folder.resolve(fileName() + ".patch"));
    }

    String fileName() {
        return name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
    }

    /** Replacements in one or more files. */
    static final class Edit {
        private record Replacement(String before, String after) {}

        private final Map<String, List<Replacement>> replacements = new LinkedHashMap<>();
        private String file;

        Edit and(String next) {
            file = next;
            replacements.put(file, new ArrayList<>());
            return this;
        }

        Edit with(String before, String after) {
            replacements.get(file).add(new Replacement(before, after));
            return this;
        }

        Path patch(Path tree, Path patch) throws IOException, InterruptedException {
            StringBuilder text = new StringBuilder();
            for (Map.Entry<String, List<Replacement>> entry : replacements.entrySet()) {
                Path source = tree.resolve("xen").resolve(entry.getKey());
                String original = Files.readString(source);
                String edited = original;
                for (Replacement replacement : entry.getValue()) {
                    if (!edited.contains(replacement.before())) {
                        throw new IllegalStateException(
                                "%s has no '%s'".formatted(entry.getKey(), replacement.before()));
                    }
                    edited = edited.replace(replacement.before(), replacement.after());
                }
                Path after = Files.writeString(Files.createTempFile(patch.getParent(), "edited", ".txt"), edited);
                text.append(diff(source, after, entry.getKey()));
            }
            return Files.writeString(patch, text);
        }

        private static String diff(Path before, Path after, String name) throws IOException, InterruptedException {
            Process diff = new ProcessBuilder(
                            "diff",
                            "-u",
                            "--label=a/xen/" + name,
                            "--label=b/xen/" + name,
                            before.toString(),
                            after.toString())
                    .start();
            String text = new String(diff.getInputStream().readAllBytes());
            diff.waitFor(1, TimeUnit.MINUTES);
            return text;
        }
    }
}

package dev.suture.cli.house;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.conditions.ArchConditions.callMethodWhere;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaMethodCall;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import java.io.FileDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDateTime;
import java.util.Set;

/** The walls of ARCHITECTURE.md as rules on class files. Packages that do not exist yet break none of them. */
enum HouseRules {
    EDGES(classes().should(keepToTheTable())),

    NO_CYCLES(slices().assignedFrom(everyPackage()).should().beFreeOfCycles()),

    CREATE_AND_RUNTIME_APART(noClasses()
            .that()
            .resideInAnyPackage(Halves.CREATE)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(Halves.RUNTIME)),

    RUNTIME_AND_CREATE_APART(noClasses()
            .that()
            .resideInAnyPackage(Halves.RUNTIME)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(Halves.CREATE)
            .because("what runs as root on a host must not carry the compiler driver")),

    PROCESSES_ONLY_IN_BUILD_AND_REHEARSE(noClasses()
            .that()
            .resideOutsideOfPackages("dev.suture.build..", "dev.suture.rehearse")
            .should()
            .dependOnClassesThat()
            .belongToAnyOf(ProcessBuilder.class)
            .orShould(callMethodWhere(isOneOf(Runtime.class, "exec")))),

    PRINT_AND_EXIT_ONLY_IN_CLI(noClasses()
            .that()
            .resideOutsideOfPackage("dev.suture.cli")
            .should()
            .accessField(System.class, "out")
            .orShould()
            .accessField(System.class, "err")
            .orShould()
            .accessField(System.class, "in")
            .orShould(callMethodWhere(isOneOf(System.class, "exit", "console", "setOut", "setErr")))
            .orShould(callMethodWhere(isOneOf(Runtime.class, "exit", "halt")))
            .orShould(callMethodWhere(isOneOf(Throwable.class, "printStackTrace")))),

    WHAT_IS_PRINTED_IS_CHECKED(noClasses()
            .that(describe(
                    "are neither Suture, which asks at the end whether all was written, nor the progress bar",
                    type -> !Halves.PRINTERS.contains(type.getName())))
            .should()
            .accessField(System.class, "out")
            .orShould()
            .accessField(System.class, "err")
            .orShould()
            .accessField(FileDescriptor.class, "out")
            .orShould()
            .accessField(FileDescriptor.class, "err")
            .orShould(callMethodWhere(isOneOf(System.class, "console", "setOut", "setErr")))),

    CLOCKS_THAT_ARE_SET_DECIDE_NOTHING(noClasses()
            .that(describe(
                    "neither write down when something was nor let go what was not used for days",
                    type -> !Halves.CALENDARS.contains(type.getName())))
            .should(callMethodWhere(isOneOf(System.class, "currentTimeMillis")))
            .orShould(callMethodWhere(isOneOf(Instant.class, "now")))
            .orShould(callMethodWhere(isOneOf(LocalDateTime.class, "now")))
            .orShould(callMethodWhere(isOneOf(Clock.class, "systemUTC", "systemDefaultZone", "system")))),

    NATIVE_CALLS_ONLY_IN_LINUX_AND_WATCH(noClasses()
            .that()
            .resideOutsideOfPackages("dev.suture.linux", "dev.suture.build.watch")
            .should()
            .dependOnClassesThat()
            .belongToAnyOf(Linker.class, SymbolLookup.class)
            .orShould(callMethodWhere(isOneOf(System.class, "load", "loadLibrary"))));

    private static final class Halves {
        static final Set<String> CALENDARS = Set.of(
                "dev.suture.cli.Journal",
                "dev.suture.cache.PruneCache",
                "dev.suture.cache.CacheEntry",
                "dev.suture.build.xen.RunDirectory",
                "dev.suture.build.make.BuiltCopy",
                "dev.suture.rehearse.XenRehearsal");
        static final Set<String> PRINTERS = Set.of("dev.suture.cli.Suture", "dev.suture.cli.TerminalProgress");
        static final String[] CREATE = {
            "dev.suture.build..", "dev.suture.diff..", "dev.suture.link..", "dev.suture.create.."
        };
        static final String[] RUNTIME = {
            "dev.suture.target..",
            "dev.suture.engine..",
            "dev.suture.process..",
            "dev.suture.xen..",
            "dev.suture.offline..",
            "dev.suture.rehearse..",
            "dev.suture.linux.."
        };
    }

    private final ArchRule rule;

    HouseRules(ArchRule rule) {
        this.rule = rule.allowEmptyShould(true);
    }

    ArchRule rule() {
        return rule;
    }

    private static ArchCondition<JavaClass> keepToTheTable() {
        return new ArchCondition<>("only use the packages PackageEdges allows them") {
            @Override
            public void check(JavaClass user, ConditionEvents events) {
                if (PackageEdges.rowOf(user.getPackageName()).isEmpty()) {
                    events.add(SimpleConditionEvent.violated(
                            user,
                            user.getName() + " is in a package PackageEdges does not know: say there what it may use"));
                    return;
                }
                for (Dependency dependency : user.getDirectDependenciesFromSelf()) {
                    String used =
                            dependency.getTargetClass().getBaseComponentType().getPackageName();
                    boolean ours = used.equals(PackageEdges.ROOT) || used.startsWith(PackageEdges.ROOT + ".");
                    if (ours && !PackageEdges.mayUse(user.getPackageName(), used)) {
                        events.add(SimpleConditionEvent.violated(dependency, dependency.getDescription()));
                    }
                }
            }
        };
    }

    private static SliceAssignment everyPackage() {
        return new SliceAssignment() {
            @Override
            public SliceIdentifier getIdentifierOf(JavaClass javaClass) {
                return javaClass.getPackageName().startsWith(PackageEdges.ROOT)
                        ? SliceIdentifier.of(javaClass.getPackageName())
                        : SliceIdentifier.ignore();
            }

            @Override
            public String getDescription() {
                return "packages";
            }
        };
    }

    private static DescribedPredicate<JavaMethodCall> isOneOf(Class<?> owner, String... names) {
        Set<String> methods = Set.of(names);
        return describe(
                owner.getSimpleName() + "." + String.join("/", names),
                call -> call.getTargetOwner().isAssignableTo(owner) && methods.contains(call.getName()));
    }
}

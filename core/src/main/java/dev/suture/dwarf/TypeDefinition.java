package dev.suture.dwarf;

import java.util.List;
import java.util.Optional;

/**
 * One complete type as a compiler laid it out.
 *
 * @param kind what it is
 * @param name without {@code struct} and the like; in C++ with its scope, such as {@code outer::inner}. A type without
 *     a name is called after the typedef that names it, after the variable that has it ({@code typeof(variable)}), or,
 *     for an enum, after its first constant ({@code {FIRST, ...}})
 * @param isTypedef whether the name is that of a typedef
 * @param sizeBytes of one value
 * @param members in the order of the source; empty for an enum
 * @param enumerators in the order of the source; empty for all but an enum
 * @param declared where; not part of the comparison of layouts
 */
public record TypeDefinition(
        Kind kind,
        String name,
        boolean isTypedef,
        long sizeBytes,
        List<Member> members,
        List<Enumerator> enumerators,
        SourceLine declared) {

    /** What a type is. */
    public enum Kind {
        STRUCT("struct "),
        UNION("union "),
        CLASS("class "),
        ENUM("enum ");

        private final String keyword;

        Kind(String keyword) {
            this.keyword = keyword;
        }

        String keyword() {
            return keyword;
        }
    }

    public TypeDefinition {
        members = List.copyOf(members);
        enumerators = List.copyOf(enumerators);
    }

    /** {@return the name as C source would have it, such as {@code struct vcpu} or {@code spinlock_t}} */
    public String text() {
        return text(kind, name, isTypedef);
    }

    static String text(Kind kind, String name, boolean isTypedef) {
        return isTypedef || name.startsWith("typeof(") ? name : kind.keyword() + name;
    }

    /** {@return the first member of that name} */
    public Optional<Member> member(String memberName) {
        return members.stream()
                .filter(member -> member.name().equals(memberName))
                .findFirst();
    }

    /** {@return whether both are the same in all but where they are declared} */
    public boolean sameAs(TypeDefinition other) {
        return kind == other.kind
                && isTypedef == other.isTypedef
                && sizeBytes == other.sizeBytes
                && name.equals(other.name)
                && members.equals(other.members)
                && enumerators.equals(other.enumerators);
    }
}

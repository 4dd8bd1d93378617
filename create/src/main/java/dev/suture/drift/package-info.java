/**
 * Proves that a running function stays right beside a patch although the patched build has other code for it, because the
 * compiler only decided otherwise what to inline.
 *
 * <p>In go both sources of an object behind the preprocessor, both objects, and what of the patched one is in a payload.
 * First the sources: neither the function nor anything it uses may be changed, nor may it share state with changed code
 * ({@link dev.suture.drift.UnchangedInSource}). Then the machine code: what each side was compiled knowing of the other
 * must still hold ({@link dev.suture.drift.RelyOnRegisters}).
 *
 * <p>Whoever builds a payload leaves such functions out, and whoever certifies one does not miss them. Both ask here, each
 * about objects and sources of its own build.
 */
package dev.suture.drift;

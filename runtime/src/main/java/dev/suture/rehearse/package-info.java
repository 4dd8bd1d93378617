/** Boots the real target in QEMU and offers it as a live target that may be broken. */
package dev.suture.rehearse;

/**
 * The driver: a source tree and patches in, a payload or refusals out. {@link dev.suture.create.CreateXenPayload} reads
 * top to bottom like a table of contents.
 */
package dev.suture.create;

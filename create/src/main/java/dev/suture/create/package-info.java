/** The driver: a source tree and a patch in, a payload or refusals out. Reads top to bottom like a table of contents. */
package dev.suture.create;

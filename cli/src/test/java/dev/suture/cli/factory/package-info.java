/**
 * Programs and edits that nobody chose: a random C program, random edits of it, and a third program that shows what must
 * come out, as it has the functions of both versions, the variables of one, and goes over from the old functions to the
 * new ones when it is told to. For Xen there are edits of its real source ({@code EditXen}), and a certificate is the judge.
 */
package dev.suture.cli.factory;

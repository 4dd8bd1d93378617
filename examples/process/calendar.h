/* What the demo server knows of the calendar. */
#ifndef CALENDAR_H
#define CALENDAR_H

int days_in_month(int year, int month);
int days_in_year(int year);

#endif

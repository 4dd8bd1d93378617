/* Does what has to be done once. What it returns is not 0 if it cannot be done. */
static int suture_change(void)
{
    return 0;
}

/* Takes it back. */
static void suture_take_back(void)
{
}

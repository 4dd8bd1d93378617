/*
 * @NAME@ as the target has it: a global variable that may be written. (One that is static in its file is not found from
 * here; let the patch add this code to the end of that file, then, and use the variable itself.)
 */
extern @TYPE@ suture_target __asm__("@NAME@");
static @TYPE@ suture_saved;

static int suture_change(void)
{
    suture_saved = suture_target;
    suture_target = @VALUE@;
    return 0;
}

static void suture_take_back(void)
{
    suture_target = suture_saved;
}

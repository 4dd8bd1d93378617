#include <suture/shadow.h>

#define @UPPER@_EXTRA_ID @ID@

/* What each object gets. */
struct @NAME@_extra {
    unsigned long count;
};

/*
 * Returns the object's extra data, which it gets if it has none; null if there is no memory. Let the functions of the
 * patch declare and call it, and suture_shadow_free(object, @UPPER@_EXTRA_ID) where the object is freed.
 */
struct @NAME@_extra *@NAME@_extra_of(const @TYPE@ *object);
struct @NAME@_extra *@NAME@_extra_of(const @TYPE@ *object)
{
    static const struct @NAME@_extra initial = { 0 };

    return suture_shadow_attach(object, @UPPER@_EXTRA_ID, sizeof(initial), &initial);
}

static void suture_take_back(void)
{
    suture_shadow_free_all(@UPPER@_EXTRA_ID, 0);
    suture_shadow_release();
}

static int suture_change(void)
{
    struct domain *d;
    int rc = 0;

    rcu_read_lock(&domlist_read_lock);
    for_each_domain ( d )
        if ( !@NAME@_extra_of(d) )
            rc = -ENOMEM;
    rcu_read_unlock(&domlist_read_lock);
    if ( rc )
        suture_take_back();
    return rc;
}
